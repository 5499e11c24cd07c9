/** Stores the bytes of files in PostgreSQL, or in any S3-compatible store, behind one interface. */
export { type ByteRange, ObjectMissingError, ObjectStore } from './object-store.js';
export { ObjectStoreModule } from './object-store.module.js';
