/** What a lease's id may look like: it names files. */
export const leaseIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
