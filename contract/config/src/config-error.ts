/** Everything that is wrong with a configuration, at once. A mistake names fields, never values. */
export class ConfigError extends Error {
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(`The configuration is not valid:\n${mistakes.map((each) => `  - ${each}`).join('\n')}`);
    this.name = 'ConfigError';
    this.mistakes = mistakes;
  }
}
