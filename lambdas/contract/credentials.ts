import { readEnvironment } from './environment';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Absent for a user's long-lived keys. */
  readonly sessionToken: string | undefined;
}

/** The credentials of the function's role, as Lambda puts them into the environment now. */
export function environmentCredentials(): Credentials {
  const environment = readEnvironment(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']);
  return {
    accessKeyId: environment.AWS_ACCESS_KEY_ID,
    secretAccessKey: environment.AWS_SECRET_ACCESS_KEY,
    sessionToken: process.env['AWS_SESSION_TOKEN'] || undefined,
  };
}

/** The region that a function runs in; its calls stay in it. */
export function environmentRegion(): string {
  return readEnvironment(['AWS_REGION']).AWS_REGION;
}
