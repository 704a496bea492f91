/** A lease's claim on one device. */
export interface Epoch {
  deviceId: string;
  epoch: number;
}

export const epochKey = ({ deviceId, epoch }: Epoch): string => `${deviceId}#${epoch}`;
