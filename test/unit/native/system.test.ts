import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { cpuFeatures, filesystemType, isDumpable } from '../../../native/addon/index.ts';
import { locateAddon } from '../../../native/addon/locate.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { cannotMount, mountTmpfs } from '../../support/tmpfs.ts';

/** Runs in a process of its own: what is tested cannot be undone. */
function inChild(script: string): unknown {
  const source = `const addon = require(${JSON.stringify(locateAddon())}); ${script}`;
  return JSON.parse(execFileSync(process.execPath, ['-e', source], { encoding: 'utf8' }));
}

describe('the process', () => {
  it('becomes undumpable', () => {
    expect(isDumpable()).toBe(true);
    const script = 'addon.setNotDumpable(); console.log(addon.isDumpable())';
    expect(inChild(script)).toBe(false);
  });

  it('ends with its parent', () => {
    const child = `require(${JSON.stringify(locateAddon())}).setParentDeathSignal(9);
      console.log('ready'); process.stdin.on('data', () => {}); setInterval(() => {}, 1e6)`;
    const script = `const child = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}],
        { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
      child.stdout.once('data', () => { console.log(child.pid); process.exit() })`;
    const pid = inChild(script);
    // The kernel signals the child while the parent exits; whoever adopts it reaps it some time later.
    const state = () => {
      try {
        return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0];
      } catch {
        return 'gone';
      }
    };
    return expect.poll(state).toMatch(/Z|X|gone/);
  });

  it('names the features of this CPU', () => {
    const features = cpuFeatures();
    const flags = readFileSync('/proc/cpuinfo', 'utf8')
      .match(/^flags.*$/m)?.[0]
      .split(/\s+/);
    expect(features.cores).toBeGreaterThan(0);
    if (flags) {
      expect(features.aesNi).toBe(flags.includes('aes'));
      expect(features.vaes).toBe(flags.includes('vaes'));
      expect(features.shaNi).toBe(flags.includes('sha_ni'));
      expect(features.avx512).toBe(flags.includes('avx512bw'));
    }
  });
});

describe('the addon', () => {
  it('is missed with a word on what to do', () => {
    const elsewhere = pathToFileURL(`${temporaryFolder('no-package')}/index.js`).href;
    expect(() => locateAddon(elsewhere)).toThrow(
      expect.objectContaining({ code: 'ADDON_MISSING' }),
    );
  });

  it('tells kinds of file system apart', (context) => {
    expect(filesystemType('/proc')).toBe('other');
    const tmpfs = mountTmpfs('size=1m');
    if (!tmpfs) return context.skip(cannotMount);
    expect(filesystemType(tmpfs.path)).toBe('tmpfs');
    tmpfs.unmount();
  });
});
