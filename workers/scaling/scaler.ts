/** Something that brings devices, or takes them away. */
export interface Scaler {
  readonly name: string;
  /** Devices that are there to be lent. */
  current(): Promise<number>;
  /**
   * Has `count` devices there. Fewer: those that go are drained first, and go once nobody holds them, so
   * it may take several calls with the same count. Idempotent.
   */
  scaleTo(count: number): Promise<void>;
}
