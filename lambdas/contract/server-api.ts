/** Routes of the server API: by API key, and for callers that API Gateway authenticates by their signature (IAM). */
export const API_ROUTES = { key: 'POST /api/{method}', iam: 'POST /api/iam/{method}' } as const;

/** Requests that backends may put on the bus, by the `detail-type` of their events; `detail` is the body of the method. */
export const BUS_REQUESTS = {
  'holdfast.publish': 'publish',
  'holdfast.broadcast': 'broadcast',
  'holdfast.unsubscribe': 'unsubscribe',
  'holdfast.disconnect': 'disconnect',
} as const;
