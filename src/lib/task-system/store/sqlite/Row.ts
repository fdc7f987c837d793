/** A row as it comes from the database. */
export type Row = Readonly<Record<string, null | number | bigint | string | Uint8Array>>;
