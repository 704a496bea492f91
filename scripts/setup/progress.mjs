const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const seconds = (since) => (performance.now() - since) / 1000;

/**
 * Progress of named steps. A terminal gets one moving line with the command's latest output; a log
 * gets a line at the start, every 20 seconds and at the end.
 * @param {NodeJS.WriteStream} stream
 */
export function createProgress(stream) {
  const line = (text) => stream.write(`${text}\n`);
  const live = stream.isTTY === true;
  return {
    line,
    /** @param {string} name */
    step(name) {
      const started = performance.now();
      let latest = '';
      let tick = 0;
      const clear = () => live && stream.write('\r\x1b[K');
      const draw = () => {
        const frame = frames[tick++ % frames.length];
        const text = `${frame} ${name} ${seconds(started).toFixed(0)} s  ${latest}`;
        stream.write(`\r\x1b[K${text.slice(0, (stream.columns ?? 80) - 1)}`);
      };
      const remind = () =>
        line(`  ${name}: ${seconds(started).toFixed(0)} s${latest ? `, ${latest}` : ''}`);
      if (!live) line(`· ${name}`);
      const timer = setInterval(live ? draw : remind, live ? 100 : 20_000);
      const end = (mark) => {
        clearInterval(timer);
        clear();
        line(`${mark} ${name} (${seconds(started).toFixed(1)} s)`);
      };
      return {
        /** @param {string} text latest output of whatever runs */
        note(text) {
          latest = text;
        },
        done: () => end('✔'),
        fail: () => end('✖'),
      };
    },
  };
}
