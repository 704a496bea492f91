/** A failure that a person can act on: shown as lines without a stack, then the exit code. */
export class SetupError extends Error {
  /**
   * @param {string[]} lines what to print, one message a line
   * @param {1 | 2} exit 2 where something has to be installed or freed first
   */
  constructor(lines, exit = 1) {
    super(lines.join('\n'));
    this.lines = lines;
    this.exit = exit;
  }
}
