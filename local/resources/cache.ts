import { startRedis } from '../redis/cluster';
import { generatedName } from './naming';
import { Properties, PropertyError, type Provider } from './provider';

/** `AWS::ElastiCache::User`: kept for the cache that its group belongs to. */
export const cacheUser: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const [password] = properties.strings('Passwords');
  if (password === undefined)
    throw new PropertyError(request, 'Passwords', 'at least one', request.properties['Passwords']);
  const id = properties.string('UserId');
  cloud.cacheUsers.set(id, {
    name: properties.string('UserName'),
    password,
    accessString: properties.string('AccessString'),
  });
  return { ref: id, attributes: { Arn: cloud.arn('elasticache', `user:${id}`) } };
};

/** `AWS::ElastiCache::UserGroup`. */
export const cacheUserGroup: Provider = (request, cloud) => {
  const properties = new Properties(request);
  const id = properties.string('UserGroupId');
  cloud.cacheUserGroups.set(id, properties.strings('UserIds'));
  return { ref: id, attributes: { Arn: cloud.arn('elasticache', `usergroup:${id}`) } };
};

/** `AWS::ElastiCache::ServerlessCache`: a real server in cluster mode with TLS and the group's user. */
export const serverlessCache: Provider = async (request, cloud) => {
  const properties = new Properties(request);
  const group = properties.string('UserGroupId');
  const users = (cloud.cacheUserGroups.get(group) ?? []).map((id) => cloud.cacheUsers.get(id));
  const [user] = users;
  if (!user || users.length > 1)
    throw new PropertyError(request, 'UserGroupId', 'a group of one user', group);
  if (cloud.redis)
    throw new PropertyError(request, 'ServerlessCacheName', 'one cache for all stacks', 'a second one');
  cloud.redis = await startRedis({
    binary: await cloud.redisBinary,
    dir: cloud.redisDirectory,
    user: user.name,
    password: user.password,
    accessString: user.accessString,
  });
  const { host, tlsPort } = cloud.redis;
  return {
    ref: properties.optionalString('ServerlessCacheName') ?? generatedName(request, 40),
    attributes: {
      ARN: cloud.arn('elasticache', `serverlesscache:${request.logicalId}`),
      'Endpoint.Address': host,
      'Endpoint.Port': String(tlsPort),
      'ReaderEndpoint.Address': host,
      'ReaderEndpoint.Port': String(tlsPort),
    },
  };
};
