import { randomUUID } from 'node:crypto';
import { shownArn } from '../../identity';
import {
  type AwsRequest,
  type AwsResponse,
  type AwsService,
  LOCAL_ACCOUNT,
  type Principal,
} from '../../ports';

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';

/** STS in the Query protocol (form in, XML out), as far as `aws sts get-caller-identity` goes. */
export class StsService implements AwsService {
  async handle(request: AwsRequest): Promise<AwsResponse> {
    const action = new URLSearchParams(request.body).get('Action') ?? '';
    if (action === 'GetCallerIdentity') return xml(200, callerIdentity(request.principal));
    const message = `sts: expected the action GetCallerIdentity, got ${action || 'none'}`;
    return xml(
      400,
      `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>InvalidAction</Code>` +
        `<Message>${escapeXml(message)}</Message></Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`,
    );
  }
}

function callerIdentity(principal: Principal): string {
  return (
    `<GetCallerIdentityResponse xmlns="${NAMESPACE}"><GetCallerIdentityResult>` +
    `<Arn>${escapeXml(shownArn(principal))}</Arn><UserId>${escapeXml(principal.senderId)}</UserId>` +
    `<Account>${LOCAL_ACCOUNT}</Account></GetCallerIdentityResult>` +
    `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></GetCallerIdentityResponse>`
  );
}

function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

function xml(status: number, body: string): AwsResponse {
  return { status, headers: { 'content-type': 'text/xml' }, body };
}
