/** Why a Query fails whose worker was handed an event too early (workflows/interceptors/staleClockGuard.ts). */
export const staleClockMessage =
  'an event came with the clock of the workflow task before it; tried again';
