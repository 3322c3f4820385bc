import type { ServiceDefinition } from '../../../lib/service-definition';
import { DEFAULT_RULES } from '../../contract/registry';

const echo: ServiceDefinition = {
  methods: ['say', 'shout'],
  namespaces: {
    // The service is asked who may subscribe, and what is published.
    echo: { ...DEFAULT_RULES, subscribe: 'service', publish: 'service', historySize: 100, recover: true },
  },
};

export default echo;
