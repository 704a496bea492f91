import type { ModelListing, ModelSummary } from '../../../workers/client/models.ts';
import { defineAction, type Registry } from '../action.ts';
import { formatTable } from '../format/table.ts';
import { formatBytes, shortDigest } from '../format/units.ts';

export function registerModels(registry: Registry): void {
  const command = registry.program.command('models').description('all versions in the store');
  defineAction(registry, command, async ({ berth }) => {
    const listing = await berth.models();
    return { json: listing, text: formatModels(listing) };
  });
}

export function formatModels({ models, problems }: ModelListing): string {
  const complaints = problems.map(({ what, problem }) => `${what}: ${problem}`);
  if (models.length === 0 && problems.length === 0) {
    return 'no models: berth ingest <source> --name <name> brings one in';
  }
  return [formatVersions(models), ...complaints].join('\n');
}

function formatVersions(models: ModelSummary[]): string {
  const rows = models.map((model) => [
    model.name,
    model.tags.join(', ') || '-',
    shortDigest(model.digest),
    formatMethod(model),
    formatBytes(model.sourceBytes),
    formatBytes(model.modelBytes),
    formatBytes(model.storedBytes),
    model.createdAt,
  ]);
  const header = ['name', 'tags', 'digest', 'quantized', 'source', 'model', 'stored', 'created'];
  return formatTable(header, rows, ['left', 'left', 'left', 'left', 'right', 'right', 'right']);
}

export function formatMethod({ quantize, doubleQuant }: ModelSummary): string {
  return doubleQuant ? `${quantize} (double)` : quantize;
}
