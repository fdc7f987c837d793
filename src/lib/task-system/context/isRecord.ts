/** Whether a value is an object that is not an array. Here a second time, because the other one stands in a file that needs zod, which no task should load. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
