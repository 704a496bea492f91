import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Lower layers never import higher ones, and everybody may import the contracts. */
const mayImport: Record<string, string[]> = {
  scripts: ['scripts', 'workers', 'activities', 'native', 'scheduling'],
  workers: ['workers', 'activities', 'native', 'scheduling'],
  activities: ['activities', 'native', 'scheduling'],
  native: ['native'],
  workflows: ['workflows', 'scheduling'],
  benchWorkflows: ['workflows', 'scheduling', 'scripts'],
  scheduling: [],
  contracts: [],
};

const workflowPackages = ['@temporalio/workflow', '@temporalio/common'];

interface Import {
  file: string;
  specifier: string;
  typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const pattern = /^\s*(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;
  return [...text.matchAll(pattern)].map((match) => ({
    file,
    specifier: match[2] ?? '',
    typeOnly: match[1] !== undefined,
  }));
}

function layerOf(path: string): string {
  if (path.startsWith('workflows/contracts/')) return 'contracts';
  // Pure decisions: no Temporal, so that benchmarks and commands make them, too.
  if (path.startsWith('workflows/scheduling/')) return 'scheduling';
  // A benchmark's workflows are bundled on their own, with those that it measures.
  if (/^scripts\/bench\/.+Workflows\.ts$/.test(path)) return 'benchWorkflows';
  return path.split('/')[0] ?? '';
}

const files = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'],
  {
    cwd: root,
    encoding: 'utf8',
  },
)
  .split('\n')
  .filter((file) => /^(workflows|activities|workers|native|scripts)\//.test(file));
const imports = files.flatMap(importsOf);

test('imports go scripts → workers → activities → native, and everybody → contracts', () => {
  expect(imports.length).toBeGreaterThan(50);
  const wrong = imports
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map((found) => {
      const target = relative(root, join(root, dirname(found.file), found.specifier));
      return { ...found, target };
    })
    .filter(({ file, target }) => {
      const to = layerOf(target);
      const from = layerOf(file);
      return to !== 'contracts' && to !== from && !mayImport[from]?.includes(to);
    });
  expect(wrong.map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
});

test('workflow code imports only workflow packages by value', () => {
  const wrong = imports.filter(
    ({ file, specifier, typeOnly }) =>
      file.startsWith('workflows/') &&
      !typeOnly &&
      !specifier.startsWith('.') &&
      !workflowPackages.includes(specifier),
  );
  expect(wrong).toEqual([]);
});

test('relative imports name the TypeScript file', () => {
  const wrong = imports.filter(
    ({ specifier }) => specifier.startsWith('.') && !/\.(ts|json|mjs)$/.test(specifier),
  );
  expect(wrong).toEqual([]);
});
