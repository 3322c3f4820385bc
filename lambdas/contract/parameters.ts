/**
 * The SSM contract of an environment: how services, tools and other teams find the gateway. Names only; each value is
 * written by the stack that owns it.
 */
export function parameterNames(environment: string) {
  const root = `/holdfast/${environment}`;
  return {
    root,
    /** Parent of one `ServiceRegistration` per service. */
    services: `${root}/services`,
    service: (name: string) => `${root}/services/${name}`,
    busName: `${root}/bus-name`,
    busArn: `${root}/bus-arn`,
    deliveriesQueueUrl: `${root}/deliveries-queue-url`,
    deliveriesQueueArn: `${root}/deliveries-queue-arn`,
    /** Base of `POST {callbackUrl}/@connections/{id}`. */
    callbackUrl: `${root}/callback-url`,
    /** Resource ARN for `execute-api:ManageConnections` POSTs of this stage. */
    postConnectionsArn: `${root}/post-connections-arn`,
    /** Role of the function that puts envelopes on ordered queues of services. */
    ingressRoleArn: `${root}/ingress-role-arn`,
    websocketUrl: `${root}/websocket-url`,
    serverApiUrl: `${root}/server-api-url`,
    /** Resource ARN for `execute-api:Invoke` of the server API's routes that take signed requests. */
    serverApiArn: `${root}/server-api-arn`,
    /** Parent of one `DeadLetterQueue` per queue of dead letters (`lambdas/contract/dead-letters.ts`). */
    deadLetters: `${root}/dead-letters`,
    deadLetterQueue: (name: string) => `${root}/dead-letters/${name}`,
    /** JSON `{keys: [{kid, publicKey}]}`: current first, then previous (`lambdas/contract/signature.ts`). */
    signingKeys: `${root}/signing-keys`,
    /** JSON `TokenRules` (`lambdas/contract/token-rules.ts`): what tokens have to name. */
    tokenRules: `${root}/token-rules`,
    /** Parent of one key set per JWKS URL, named by `keySetId` (`lambdas/contract/jwks.ts`). */
    jwks: `${root}/jwks`,
    /** Function that answers error 100 for an rpc whose function failed: the on-failure destination. */
    refusalFunctionArn: `${root}/refusal-function-arn`,
    state: {
      vpcId: `${root}/state/vpc-id`,
      subnetIds: `${root}/state/subnet-ids`,
      functionSecurityGroupId: `${root}/state/function-security-group-id`,
      cacheHost: `${root}/state/cache-host`,
      cachePort: `${root}/state/cache-port`,
      cacheUser: `${root}/state/cache-user`,
      cacheSecretArn: `${root}/state/cache-secret-arn`,
    },
  } as const;
}
