/** Whether a text can be written as UTF-8 without loss. */
// ES2024, which Node.js has had since 20.0 and the types of ES2023 lack.
export const isWellFormed = (text: string): boolean =>
  (text as string & { isWellFormed(): boolean }).isWellFormed();
