/**
 * Every advisory lock with a fixed number. A lock excludes the processes of the previous release too while both run, so
 * the numbers stay as they are.
 */
export const DATABASE_LOCKS = {
  /** Held by the process that migrates, for its session. */
  migration: 7_164_201_953,
  /** Held by the one process of the local mode, for its session. */
  localMode: 7_164_201_955,
  // Schedules: each is held for one run, by the transaction of that run.
  replySweep: 7_164_201_954,
  retention: 7_164_201_956,
  codeSweep: 7_164_201_957,
  billingSweep: 7_164_201_958,
  reconciliation: 7_164_201_959,
  wordRenewal: 7_164_201_975,
  grantEndNotices: 7_164_201_976,
  attachmentSweep: 7_164_201_980,
  attachmentComparison: 7_164_201_981,
  modelFileSweep: 7_164_201_985,
} as const;

export type ScheduleLock = Exclude<keyof typeof DATABASE_LOCKS, 'migration' | 'localMode'>;

/** Every family of advisory locks that has one lock for each value of something, by what its keys begin with. */
const KEYED_LOCKS = {
  /** The accounts that claim one mobile number. */
  mobileNumber: 'mobile number ',
  /** Administrators' actions on one queue. */
  queue: 'queue ',
} as const;

/**
 * SQL that takes one lock of a family until the transaction ends.
 *
 * @param key SQL of the value, a parameter or a column of type text
 */
export const takeKeyedLock = (family: keyof typeof KEYED_LOCKS, key: string): string =>
  `pg_advisory_xact_lock(hashtextextended('${KEYED_LOCKS[family]}' || ${key}, 0))`;
