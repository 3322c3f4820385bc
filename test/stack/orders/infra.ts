import { DEFAULT_RULES } from '../../../lambdas/contract/registry';
import type { ServiceDefinition } from '../../../lib/service-definition';

const orders: ServiceDefinition = {
  methods: ['put'],
  namespaces: { orders: { ...DEFAULT_RULES, publish: 'service', historySize: 200, recover: true } },
  delivery: 'ordered',
  orderedMethods: ['put'],
};

export default orders;
