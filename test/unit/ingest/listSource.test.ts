import { execFileSync } from 'node:child_process';
import { chmod, mkdir, rename, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listSource } from '../../../activities/ingest/source/listSource.ts';
import { folderForTest, modelFolder, tinyConfig, writeFiles } from '../../support/modelFolder.ts';
import { float32, safetensorsFile } from '../../support/safetensorsFile.ts';

const list = (source: string, sources: string[] = []) => listSource(source, { sources });
const weights = safetensorsFile({ w: float32([2]) });
const refusal = (type: string, message: RegExp) => ({
  type,
  message: expect.stringMatching(new RegExp(`^(?=[^\\n]+$).*${message.source}`)),
});

describe('what a listing holds', () => {
  test('the files of a model, and apart from them everything else by name only', async () => {
    const folder = await modelFolder({
      '1_Pooling/config.json': '{}',
      '1_Pooling/notes.txt': '',
      'sentence_bert_config.json': '{}',
      'LICENSE.txt': '',
      'README.md': '',
      'model.sig': '{}',
      'tokenizer.model': '',
      'chat_template.jinja': '',
      'modeling_x.py': 'print()',
      'pytorch_model.bin': '',
      'LICENSE.py': '',
      '.gitattributes': '',
      'onnx/model.onnx': '',
    });
    const listing = await list(folder);
    expect(listing.files.map(({ path }) => path)).toEqual([
      '1_Pooling/config.json',
      'LICENSE.txt',
      'README.md',
      'chat_template.jinja',
      'config.json',
      'model.safetensors',
      'model.sig',
      'sentence_bert_config.json',
      'tokenizer.json',
      'tokenizer.model',
    ]);
    expect(listing.others).toEqual([
      '.gitattributes',
      '1_Pooling/notes.txt',
      'LICENSE.py',
      'modeling_x.py',
      'onnx/',
      'pytorch_model.bin',
    ]);
  });

  test('a digest that follows names, sizes and times of allowed files, and nothing else', async () => {
    const folder = await modelFolder();
    const before = (await list(folder)).listingSha256;
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    await writeFile(join(folder, 'other.txt'), 'x');
    expect((await list(folder)).listingSha256).toBe(before);
    await utimes(join(folder, 'tokenizer.json'), 1, 1);
    const touched = (await list(folder)).listingSha256;
    expect(touched).not.toBe(before);
    await rename(join(folder, 'tokenizer.json'), join(folder, 'vocab.json'));
    expect((await list(folder)).listingSha256).not.toBe(touched);
  });

  test('the same when the folder is reached through a symlink', async () => {
    const folder = await modelFolder();
    const link = join(await folderForTest(), 'link');
    await symlink(folder, link);
    expect(await list(link)).toEqual(await list(folder));
  });
});

describe('a Hugging Face snapshot', () => {
  async function snapshot() {
    const hub = await folderForTest();
    const repository = join(hub, 'models--x--y');
    const root = join(repository, 'snapshots', 'abc');
    await writeFiles(repository, { 'blobs/c1': tinyConfig, 'blobs/w1': weights, 'blobs/p1': '{}' });
    await mkdir(join(root, '1_Pooling'), { recursive: true });
    await symlink('../../blobs/c1', join(root, 'config.json'));
    await symlink('../../blobs/w1', join(root, 'model.safetensors'));
    await symlink('../../../blobs/p1', join(root, '1_Pooling', 'config.json'));
    return { hub, repository, root };
  }

  test('is read through its links into blobs', async () => {
    const { repository, root } = await snapshot();
    const { files } = await list(root);
    expect(files.map(({ path, realPath }) => [path, realPath])).toEqual([
      ['1_Pooling/config.json', join(repository, 'blobs', 'p1')],
      ['config.json', join(repository, 'blobs', 'c1')],
      ['model.safetensors', join(repository, 'blobs', 'w1')],
    ]);
  });

  test.each([
    ['/etc/passwd', /is a symlink to "\/etc\/passwd"; links are followed only into the blobs/],
    ['../../../../../../etc/passwd', /links are followed only/],
    ['../../blobs/../secret', /links are followed only/],
    ['../../blobs/deeper/x', /links are followed only/],
    ['../other/x', /links are followed only/],
    ['../../../models--x--z/blobs/v', /links are followed only/],
    ['config.json', /links are followed only/],
    ['../../blobs/absent', /leads nowhere \(ENOENT\)/],
  ])('refuses a link to %s', async (target, message) => {
    const { root } = await snapshot();
    await symlink(target, join(root, 'vocab.txt'));
    await expect(list(root)).rejects.toMatchObject(
      refusal('UnsafeSource', new RegExp(`vocab\\.txt: .*${message.source}`)),
    );
  });

  test('refuses a blob that is itself a link', async () => {
    const { repository, root } = await snapshot();
    await symlink('/etc/passwd', join(repository, 'blobs', 'v'));
    await symlink('../../blobs/v', join(root, 'vocab.txt'));
    await expect(list(root)).rejects.toMatchObject(refusal('UnsafeSource', /symlink to a symlink/));
  });

  test('never follows a link that is not on the allow-list', async () => {
    const { root } = await snapshot();
    await symlink('/etc/passwd', join(root, 'passwd.txt'));
    expect((await list(root)).others).toEqual(['passwd.txt']);
  });

  test('must lie in BERTH_SOURCES with its blobs', async () => {
    const { hub, repository, root } = await snapshot();
    await expect(list(root, [hub])).resolves.toBeDefined();
    await expect(list(root, [join(repository, 'snapshots')])).rejects.toMatchObject(
      refusal(
        'SourceNotAllowed',
        /1_Pooling\/config\.json: links to .*blobs\/p1, outside BERTH_SOURCES/,
      ),
    );
  });

  test('given by its cache folder, is named', async () => {
    const { repository } = await snapshot();
    await expect(list(repository)).rejects.toMatchObject(
      refusal('InvalidModel', /give one of its snapshots\/<revision> folders/),
    );
  });
});

describe('a symlink outside a snapshot is refused', () => {
  test('even to a blobs folder beside it', async () => {
    const folder = await modelFolder();
    await symlink('tokenizer.json', join(folder, 'vocab.json'));
    await expect(list(folder)).rejects.toMatchObject(
      refusal('UnsafeSource', /vocab\.json: is a symlink to/),
    );
  });
});

describe('a source is refused when', () => {
  test('its path is relative, missing or a file', async () => {
    const folder = await modelFolder();
    const type = 'SourceNotAllowed';
    await expect(list('model')).rejects.toMatchObject(refusal(type, /model: expected an absolute/));
    await expect(list(join(folder, 'x'))).rejects.toMatchObject(refusal(type, /x: does not exist/));
    await expect(list(join(folder, 'config.json'))).rejects.toMatchObject(
      refusal(type, /config\.json: is no folder/),
    );
  });

  test('it lies outside BERTH_SOURCES, also by a link or a like name', async () => {
    const allowed = await folderForTest();
    const folder = await modelFolder();
    await symlink(folder, join(allowed, 'inside'));
    const outside = refusal('SourceNotAllowed', /lies outside BERTH_SOURCES/);
    await expect(list(folder, [allowed])).rejects.toMatchObject(outside);
    await expect(list(join(allowed, 'inside'), [allowed])).rejects.toMatchObject(outside);
    await expect(list(folder, [folder.slice(0, -1)])).rejects.toMatchObject(outside);
    await expect(list(folder, [join(allowed, 'gone')])).rejects.toMatchObject(outside);
    await expect(list(folder, [allowed, folder])).resolves.toBeDefined();
  });

  test('it is empty', async () => {
    await expect(list(await folderForTest())).rejects.toMatchObject(
      refusal('InvalidModel', /is empty/),
    );
  });

  test.each(['pytorch_model.bin', 'model.pt', 'weights.PTH', 'x.ckpt', 'model.pkl'])(
    'its weights exist only as pickle: %s',
    async (name) => {
      const folder = await modelFolder({ 'model.safetensors': undefined, [name]: 'x' });
      await expect(list(folder)).rejects.toMatchObject(
        refusal('UnsafeSource', new RegExp(`${name}: weights exist only as pickle`)),
      );
    },
  );

  test('it has no weights, or no config', async () => {
    await expect(
      list(await modelFolder({ 'model.safetensors': undefined, 'model.h5': '' })),
    ).rejects.toMatchObject(refusal('InvalidModel', /holds no weights/));
    await expect(list(await modelFolder({ 'config.json': undefined }))).rejects.toMatchObject(
      refusal('InvalidModel', /config\.json: is missing/),
    );
  });

  test.each([
    ['Config.json', 'config.json'],
    ['README.md', 'readme.MD'],
    ['x-caf\u00e9', 'x-cafe\u0301'],
  ])('two names collide: %s and %s', async (one, other) => {
    const folder = await modelFolder({ [one]: tinyConfig, [other]: tinyConfig });
    await expect(list(folder)).rejects.toMatchObject(
      refusal('UnsafeSource', /differs from .* only in case/),
    );
  });

  test.each(['a\nb', 'a\u001b[31m', 'a\u202etxt.exe', 'a\u0085'])(
    'a name holds control characters: %j',
    async (name) => {
      const folder = await modelFolder({ [name]: '' });
      await expect(list(folder)).rejects.toMatchObject(
        refusal('UnsafeSource', /^"a\\[ -~]*": name holds control characters/),
      );
    },
  );

  test('a name is no UTF-8', async () => {
    const folder = await modelFolder();
    await writeFile(Buffer.concat([Buffer.from(`${folder}/a`), Buffer.from([0xff])]), '');
    await expect(list(folder)).rejects.toMatchObject(refusal('UnsafeSource', /is not UTF-8/));
  });

  test('an allowed name is a folder or a pipe', async () => {
    const folder = await modelFolder({ 'vocab.txt/x': '' });
    const irregular = (name: string) =>
      refusal('UnsafeSource', new RegExp(`${name}: is no regular`));
    await expect(list(folder)).rejects.toMatchObject(irregular('vocab.txt'));
    const piped = await modelFolder();
    execFileSync('mkfifo', [join(piped, 'vocab.json')]);
    await expect(list(piped)).rejects.toMatchObject(irregular('vocab.json'));
  });

  test('a file or folder of it cannot be read', async () => {
    const folder = await modelFolder();
    await chmod(folder, 0o755);
    await chmod(join(folder, 'tokenizer.json'), 0o000);
    await asOrdinaryUser(async () => {
      await expect(list(folder)).rejects.toMatchObject(
        refusal('SourceNotAllowed', /tokenizer\.json: cannot be read \(EACCES\)/),
      );
    });
    await chmod(folder, 0o000);
    await asOrdinaryUser(async () => {
      await expect(list(folder)).rejects.toMatchObject(
        refusal('SourceNotAllowed', /: cannot be read \(EACCES\)/),
      );
    });
    await chmod(folder, 0o755);
  });
});

/** Root reads everything, so that tests of permissions step down for a moment. */
async function asOrdinaryUser(run: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return run();
  process.seteuid?.(65534);
  try {
    await run();
  } finally {
    process.seteuid?.(0);
  }
}
