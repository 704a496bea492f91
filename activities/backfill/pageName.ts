/** A page by its place in the job. */
export interface PageKey {
  partition: number;
  /** From 0 in each partition. */
  page: number;
}

export const formatPage = ({ partition, page }: PageKey): string => `${partition}-${page}`;

/** How people see a page in messages: both counted as in the Web UI, from 0. */
export const describePage = ({ partition, page }: PageKey): string =>
  `page ${page} of partition ${partition}`;
