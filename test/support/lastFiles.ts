import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that use a server whose first build runs beside the others. */
const late = /weaviate/i;

/** Vitest's own order, but for files that would wait while others could run. */
export default class LastFiles extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const waits = ({ moduleId }: TestSpecification) => late.test(moduleId);
    return [...sorted.filter((file) => !waits(file)), ...sorted.filter(waits)];
  }
}
