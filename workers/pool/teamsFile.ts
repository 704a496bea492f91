import type { z } from 'zod';
import type { TeamsConfig } from '../../workflows/contracts/pool/teams.ts';
import { checkTeams } from '../../workflows/scheduling/events/checkTeams.ts';
import { parseYaml, readYamlFile, type YamlFile } from '../yamlFile.ts';
import { teamsSchema } from './teamsSchema.ts';

/**
 * Reads a teams file: YAML as in docs/teams.yaml.
 * @throws BerthError InvalidRequest: one line with file, line, field and what was expected
 */
export async function readTeamsFile(path: string): Promise<TeamsConfig> {
  return checkFile(await readYamlFile(path, 'teams file'));
}

/** @param name Of the file, for messages. */
export function parseTeams(text: string, name: string): TeamsConfig {
  return checkFile(parseYaml(text, name));
}

function checkFile({ value, failAt }: YamlFile): TeamsConfig {
  const read = teamsSchema.safeParse(value);
  if (!read.success) {
    const { path, message } = firstIssue(read.error);
    throw failAt(path, sentence(path, message));
  }
  const problem = checkTeams(read.data);
  if (problem) throw failAt(problem.at, sentence(problem.at, problem.message));
  return read.data;
}

function firstIssue(error: z.ZodError): { path: string[]; message: string } {
  const issue = error.issues[0];
  const path = (issue?.path ?? []).map(String);
  if (issue?.code === 'unrecognized_keys') {
    return { path: [...path, issue.keys[0] ?? ''], message: 'no such field' };
  }
  return { path, message: issue?.message ?? 'not as expected' };
}

const sentence = (path: string[], message: string): string =>
  path.length === 0
    ? message
    : `${path.join('.')}${message.startsWith('is missing') ? ' ' : ': '}${message}`;
