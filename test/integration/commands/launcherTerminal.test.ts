import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../activities/platform/packageRoot.ts';
import { findPython } from '../../../activities/platform/python.ts';
import { atTerminal } from '../../support/pty/terminal.ts';

/** The launcher at a real terminal, driven through a pseudo-terminal. */

const node = process.execPath;
const python = findPython();
const here = join(packageRoot(), 'test', 'support', 'pty', 'launchHere.mjs');
const launched = (...command: string[]) => [node, here, python, ...command];
const quoted = (words: string[]) => words.map((word) => `'${word}'`).join(' ');
/** An interactive shell: job control on, nothing of the person's set-up. */
const shell = ['bash', '--norc', '--noprofile', '-i'];
const shellEnv = { ...process.env, PS1: 'ready> ', HISTFILE: '' };

describe('a command at a terminal', () => {
  test('sees its size, also when it changes', async () => {
    const program = `trap 'stty size; exit 0' WINCH; stty size; while :; do sleep 0.05; done`;
    const { output, code } = await atTerminal(launched('bash', '-c', program), [
      { expect: '24 80' },
      { resize: [40, 132] },
      { expect: '40 132' },
    ]);
    expect(output).toContain('40 132');
    expect(code).toBe(0);
  });

  test('reads what is typed', async () => {
    const { output } = await atTerminal(
      launched('bash', '-c', 'echo go; read -r word; echo "heard $word"'),
      [{ expect: 'go' }, { send: 'ahoy\n' }, { expect: 'heard ahoy' }],
    );
    expect(output).toContain('heard ahoy');
  });

  test('gets Ctrl-C itself, and decides what it means', async () => {
    const program = `trap 'echo caught; exit 9' INT; echo go; while :; do sleep 0.05; done`;
    const { output, code } = await atTerminal(launched('bash', '-c', program), [
      { expect: 'go' },
      { send: '\u0003' },
      { expect: 'caught' },
    ]);
    expect(output.match(/caught/g)).toHaveLength(1);
    expect(code).toBe(9);
  });

  test('that Ctrl-C ends is reported as such', async () => {
    const { code } = await atTerminal(launched('sh', '-c', 'echo go; exec sleep 100'), [
      { expect: 'go' },
      { send: '\u0003' },
    ]);
    expect(code).toBe(130);
  });

  test('may use the terminal from within a pipeline when it asks for it', async () => {
    const command = quoted(launched('bash', '-c', 'read -r word </dev/tty; echo "heard $word"'));
    const { output } = await atTerminal(
      shell,
      [
        { expect: 'ready> ' },
        { send: `${command} | sed 's/^/piped: /'\n` },
        { send: 'ahoy\n' },
        { expect: 'piped: heard ahoy' },
        { send: 'exit\n' },
      ],
      shellEnv,
    );
    expect(output).toContain('piped: heard ahoy');
  });
});

describe('job control', () => {
  const counter = `trap 'echo continued' CONT; echo go; while :; do sleep 0.05; done`;

  test('Ctrl-Z gives the shell back, fg and Ctrl-C go to the command', async () => {
    const command = quoted(launched('bash', '-c', counter.replaceAll("'", '"')));
    const { output } = await atTerminal(
      shell,
      [
        { expect: 'ready> ' },
        { send: `${command}\n` },
        { expect: 'go\r\n' },
        { send: '\u001a' },
        { expect: 'Stopped' },
        { expect: 'ready> ' },
        { send: 'echo "still $((40 + 2))"\n' },
        { expect: 'still 42' },
        { send: 'fg\n' },
        { expect: '\ncontinued' },
        { send: '\u0003' },
        { expect: 'ready> ' },
        { send: 'echo "code=$?"\n' },
        { expect: 'code=\\d+' },
        { send: 'exit\n' },
      ],
      shellEnv,
    );
    expect(output).toContain('code=130');
  });

  test('bg lets it run on without the terminal, which it then waits for', async () => {
    const program = `echo go; read -r first; echo "first $first"; read -r second; echo "second $second"`;
    const command = quoted(launched('bash', '-c', program));
    const { output } = await atTerminal(
      shell,
      [
        { expect: 'ready> ' },
        // Tells of jobs at once, not with the next prompt.
        { send: 'set -b\n' },
        { expect: 'ready> ' },
        { send: `${command}\n` },
        { expect: 'go\r\n' },
        { send: 'one\n' },
        { expect: 'first one' },
        { send: '\u001a' },
        { expect: 'Stopped' },
        { send: 'bg\n' },
        // It reads, may not, and stops again.
        { expect: 'Stopped' },
        { send: 'fg\n' },
        { send: 'two\n' },
        { expect: 'second two' },
        { send: 'exit\n' },
      ],
      shellEnv,
    );
    expect(output).toContain('second two');
  });
});
