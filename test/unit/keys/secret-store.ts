import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';

export const secrets = mockClient(SecretsManagerClient);
export const parameters = mockClient(SSMClient);

/** One secret and one parameter, with the stage rules of Secrets Manager. */
export class SecretStore {
  readonly values = new Map<string, string>();
  readonly stages = new Map<string, string>();
  /** Values of the parameter, as they were written. */
  readonly published: string[] = [];
  failNextPublish = false;

  constructor(first: string) {
    this.values.set('v0', first);
    this.stages.set('AWSCURRENT', 'v0');
    this.#answer();
  }

  /** The value of a version id or of a stage. */
  value(which: string): string | undefined {
    return this.values.get(this.stages.get(which) ?? which);
  }

  #answer(): void {
    const $metadata = {};
    secrets.reset();
    parameters.reset();
    secrets.on(DescribeSecretCommand).callsFake(() => ({ VersionIdsToStages: this.#stagesById() }));
    secrets.on(GetSecretValueCommand).callsFake(({ VersionId, VersionStage }) => {
      const SecretString = this.value(VersionId ?? VersionStage);
      if (SecretString === undefined)
        throw new ResourceNotFoundException({ message: 'no version', $metadata });
      return { SecretString };
    });
    secrets.on(PutSecretValueCommand).callsFake(({ ClientRequestToken, SecretString }) => {
      if (this.values.has(ClientRequestToken))
        throw new ResourceExistsException({ message: 'is there', $metadata });
      this.values.set(ClientRequestToken, SecretString);
      this.stages.set('AWSPENDING', ClientRequestToken);
    });
    secrets.on(UpdateSecretVersionStageCommand).callsFake(({ MoveToVersionId, RemoveFromVersionId }) => {
      expect(RemoveFromVersionId).toBe(this.stages.get('AWSCURRENT'));
      this.stages.set('AWSPREVIOUS', RemoveFromVersionId);
      this.stages.set('AWSCURRENT', MoveToVersionId);
    });
    parameters.on(PutParameterCommand).callsFake(({ Value }) => {
      if (this.failNextPublish) {
        this.failNextPublish = false;
        throw new Error('ssm is away');
      }
      this.published.push(Value);
    });
    parameters.on(GetParameterCommand).callsFake(() => ({ Parameter: { Value: this.published.at(-1) } }));
  }

  #stagesById(): Record<string, string[]> {
    const byId: Record<string, string[]> = {};
    for (const id of this.values.keys()) byId[id] = [];
    for (const [stage, id] of this.stages) byId[id]?.push(stage);
    return byId;
  }
}
