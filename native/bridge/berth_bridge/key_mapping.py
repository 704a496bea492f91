"""Which source tensor feeds which tensor of the output, by transformers' own rules.

Loading renames source keys (conversion mappings, base-model prefixes), ties weights, and leaves
keys unmatched; saving drops aliases and reverts the renaming. All of it is done here on meta
tensors.
"""

from dataclasses import dataclass

from .failures import BridgeError
from .reference_model import ReferenceModel


@dataclass(frozen=True)
class Loaded:
    by_parameter: dict[str, str]
    """Parameter or buffer of the model -> source tensor."""
    unmatched: list[str]
    """Source tensors that the model has no place for."""


def match_sources(reference: ReferenceModel, meta: dict) -> Loaded:
    """Step 1 of transformers' convert_and_load_state_dict_in_model."""
    from transformers.core_model_loading import (
        WeightConverter,
        WeightRenaming,
        dot_natural_key,
        rename_source_key,
    )

    model = reference.model
    wanted = model.state_dict()
    renamings = [entry for entry in reference.conversions if isinstance(entry, WeightRenaming)]
    converters = [entry for entry in reference.conversions if isinstance(entry, WeightConverter)]
    by_parameter: dict[str, str] = {}
    unmatched = []
    for source in sorted(meta, key=dot_natural_key):
        prefix = model.base_model_prefix
        key, pattern = rename_source_key(source, renamings, converters, prefix, wanted)
        if key not in wanted and source in wanted:
            key, pattern = rename_source_key(source, [], [], prefix, wanted)
        if key not in wanted:
            unmatched.append(source)
        elif pattern is not None:
            raise BridgeError(
                "UnsupportedModel",
                f"{source}: transformers fuses or splits this tensor while loading (as it does with "
                "mixture-of-experts weights), so its file cannot be quantized tensor by tensor; "
                "use --quantize none",
            )
        elif key in by_parameter:
            raise BridgeError(
                "InvalidModel", f"{source}: feeds {key}, as {by_parameter[key]} does; remove one of them"
            )
        else:
            by_parameter[key] = source
    return Loaded(by_parameter, unmatched)


def tie(reference: ReferenceModel, loaded: Loaded, same) -> None:
    """Ties the model's weights as loading does: where both lie in the source, only if equal.

    @param same tells whether two source tensors hold the same values once cast
    """
    model = reference.model
    missing = set(model.state_dict()) - set(loaded.by_parameter)
    for target, origin in list(model.all_tied_weights_keys.items()):
        pair = [loaded.by_parameter.get(name) for name in (target, origin)]
        if None in pair:
            continue
        if same(*pair):
            # Taken as absent, transformers ties it; left present on the meta device, it would not.
            missing.add(target)
        else:
            model.all_tied_weights_keys.pop(target)
    model.tie_weights(missing_keys=missing, recompute_mapping=False)


def saved_keys(reference: ReferenceModel, state_names) -> dict[str, str]:
    """Output key -> parameter, for all that save_pretrained keeps.

    @param state_names yields the keys of a parameter's quantization state; a renaming must treat
      them as it treats the weight
    """
    from transformers.core_model_loading import revert_weight_conversion
    from transformers.modeling_utils import remove_tied_weights_from_state_dict

    model = reference.model
    state = dict(model.state_dict())
    for key in model._keys_to_ignore_on_save or []:
        state.pop(key, None)
    state = remove_tied_weights_from_state_dict(state, model)
    marked = {}
    for name, tensor in state.items():
        for key in [name, *state_names(name)]:
            # A fresh object each: the renaming hands it through, which is how we follow it.
            marked[key] = tensor.new_empty(0)
    model._weight_conversions = [entry for entry in reference.conversions if entry.was_used()]
    origin = {id(tensor): key for key, tensor in marked.items()}
    saved = revert_weight_conversion(model, marked)
    names = {origin[id(tensor)]: key for key, tensor in saved.items() if id(tensor) in origin}
    if len(names) != len(marked) or len(saved) != len(marked):
        raise BridgeError(
            "UnsupportedModel", "transformers fuses or splits tensors of this model while saving"
        )
    for name in state:
        if [names[key] for key in state_names(name)] != state_names(names[name]):
            raise BridgeError(
                "UnsupportedModel", f"{name}: its quantization state would be saved under another name"
            )
    return {names[name]: name for name in state}
