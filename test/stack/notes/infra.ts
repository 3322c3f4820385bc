import { DEFAULT_RULES } from '../../../lambdas/contract/registry';
import type { ServiceDefinition } from '../../../lib/service-definition';

const notes: ServiceDefinition = {
  methods: [],
  namespaces: { notes: { ...DEFAULT_RULES, historySize: 20 } },
  observes: ['poll.tell'],
  table: true,
};

export default notes;
