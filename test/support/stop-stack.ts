/** Ends the stack that start-stack started. */
export default async function stopStack(): Promise<void> {
  await globalThis.holdfastOfTests?.stop();
}
