import { DEFAULT_RULES } from '../../../lambdas/contract/registry';
import type { ServiceDefinition } from '../../../lib/service-definition';

const faulty: ServiceDefinition = {
  methods: [],
  namespaces: { faulty: { ...DEFAULT_RULES, historySize: 10 } },
  observes: ['poll.tell'],
};

export default faulty;
