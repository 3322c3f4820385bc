/** Files of a service that a page shows: blocks whose first line names them. */
export function filesIn(page: string, service: string): readonly (readonly [file: string, text: string])[] {
  const blocks = [...page.matchAll(/^```ts\n\/\/ (\S+)\n(.*?)^```/gms)];
  return blocks
    .map(([, file = '', text = '']) => [file, text] as const)
    .filter(([file]) => file.startsWith(`lambdas/services/${service}/`));
}
