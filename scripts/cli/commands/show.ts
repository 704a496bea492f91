import type { ModelDetails } from '../../../workers/client/models.ts';
import { defineAction, type Registry } from '../action.ts';
import { formatGate } from '../format/ingestReport.ts';
import { formatFields, formatTable } from '../format/table.ts';
import { formatBytes, shortDigest } from '../format/units.ts';
import { formatMethod } from './models.ts';

export function registerShow(registry: Registry): void {
  const command = registry.program
    .command('show')
    .description("a version's signed manifest")
    .argument('<ref>', 'name, name:tag or name@sha256:<digest>');
  defineAction(registry, command, async ({ berth }, ref = '') => {
    const model = await berth.show(ref);
    return { json: model, text: formatModel(model) };
  });
}

export function formatModel(model: ModelDetails): string {
  const { manifest } = model;
  const tools = Object.entries(manifest.tools).map(([tool, version]) => `${tool} ${version}`);
  const head = formatFields([
    ['model', model.name],
    ['tags', model.tags.join(', ') || '-'],
    ['artifact', model.artifact],
    ['content', `sha256:${model.contentDigest}`],
    ['parent', manifest.parent === null ? 'none' : `sha256:${manifest.parent}`],
    ['created', model.createdAt],
    ['workflow', manifest.workflow.workflowId],
    ['quantized', `${formatMethod(model)}, ${manifest.quantization.quantizedModules} modules`],
    ['size before', formatBytes(model.sourceBytes)],
    ['size after', formatBytes(model.modelBytes)],
    ['stored', `${formatBytes(model.storedBytes)}, encrypted`],
    ['accuracy', formatGate(manifest.gate)],
    ['left out', manifest.source.leftOut.join(', ') || undefined],
    ['dropped', manifest.source.droppedTensors.join(', ') || undefined],
    ['tools', tools.join(', ')],
  ]);
  const files = manifest.files.map((file) => [
    file.path,
    formatBytes(file.plaintextBytes),
    formatBytes(file.ciphertextBytes),
    shortDigest(file.plaintextSha256),
  ]);
  const table = formatTable(['file', 'bytes', 'stored', 'sha256'], files, [
    'left',
    'right',
    'right',
  ]);
  return `${head}\n\n${table}`;
}
