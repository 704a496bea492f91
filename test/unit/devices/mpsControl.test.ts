import { expect, test } from 'vitest';
import {
  confirmsTermination,
  createMpsControl,
  parsePids,
} from '../../../workers/devices/sharing/mpsControl.ts';

test('takes whole lines of digits for process ids, and nothing else', () => {
  expect(parsePids('7345\n 7382 \n')).toEqual([7345, 7382]);
  expect(parsePids('')).toEqual([]);
  expect(parsePids('Server 7345 not found\n-1\n12a')).toEqual([]);
});

test('takes only an explicit success for the end of a client', () => {
  expect(confirmsTermination('0\n')).toBe(true);
  expect(confirmsTermination('CUDA_SUCCESS')).toBe(true);
  for (const text of ['', '1', '10', 'Client not found', 'CUDA_ERROR_INVALID_VALUE']) {
    expect(confirmsTermination(text)).toBe(false);
  }
});

test('says so where the program is not installed', async () => {
  const control = createMpsControl({ pipe: '/nowhere', env: { PATH: '/nowhere' } });
  await expect(control.servers()).rejects.toMatchObject({
    type: 'StackUnavailable',
    message: expect.stringMatching(/^MPS at \/nowhere: get_server_list: .*ENOENT/),
  });
  expect(await control.terminate({ server: 1, pid: 2 }, 1000)).toBe(false);
});
