/** Routes of the server API: by API key, and for callers that API Gateway authenticates by their signature (IAM). */
export const API_ROUTES = { key: 'POST /api/{method}', iam: 'POST /api/iam/{method}' } as const;

/** Method of the server API by which services ask how many sockets took what was sent to a user. */
export const RECEIPT_METHOD = 'delivered';

/** Requests that backends may put on the bus, by the `detail-type` of their events; `detail` is the body of the method. */
export const BUS_REQUESTS = {
  'holdfast.publish': 'publish',
  'holdfast.broadcast': 'broadcast',
  'holdfast.subscribe': 'subscribe',
  'holdfast.unsubscribe': 'unsubscribe',
  'holdfast.disconnect': 'disconnect',
} as const;

/** What a service asks for on the bus. It publishes by the deliveries queue alone, where its namespaces are known. */
export const SERVICE_REQUESTS = [
  'holdfast.subscribe',
  'holdfast.unsubscribe',
  'holdfast.disconnect',
] as const satisfies readonly (keyof typeof BUS_REQUESTS)[];

export type ServiceRequest = (typeof SERVICE_REQUESTS)[number];

/** EventBridge `source` of what a service asks for; its role may use no other. */
export function serviceSource(service: string): string {
  return `holdfast.service.${service}`;
}
