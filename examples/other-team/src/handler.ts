import { ballotService } from './ballot-service';
import { storedBallots } from './ballots';

export const handler = ballotService(storedBallots);
