import type { ServiceDefinition } from '../../../lib/service-definition';

const echo: ServiceDefinition = { methods: ['say', 'shout'] };

export default echo;
