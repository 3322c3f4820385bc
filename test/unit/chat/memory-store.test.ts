import { memoryStore } from '../../support/chat/memory-store';
import { describeChatStore } from '../../support/chat/store-suite';

describeChatStore(() => ({ store: memoryStore(), room: 'tea' }));
