import { userChannel } from '../../service-sdk';
import { type Call, chatChannel, roomIdOf, typingChannel } from './caller';
import type { Input } from './input';
import type { Member, Room } from './model';
import { checkMember, checkRoom, checkUser, notAMember, notOpen, refusal, roleRefused } from './refusals';

/** A member as he comes in: nothing of what was said before is his to receive. */
function newcomer(call: Call, role: Member['role'], since: number): Member {
  const { user, stamp } = call;
  const cursors = { since, deliveredUpTo: since, readUpTo: since };
  return { user, state: 'member', role, stamp, joinedAt: call.now(), paidUntil: 0, ...cursors };
}

/** The caller becomes the owner. A repeated event finds the room made. */
export async function createRoom(call: Call, { name, access }: Input<'createRoom'>) {
  checkUser(call.user);
  const room = roomIdOf(call.event);
  await call.rooms.createRoom({ room, name, access, createdAt: call.now(), publishedUpTo: 0 });
  await call.rooms.enter(room, newcomer(call, 'owner', 0));
  return { room };
}

/** Joining twice is joining. */
export async function join(call: Call, { room }: Input<'room'>) {
  checkUser(call.user);
  const { rooms, messages, user } = call;
  const [known, former] = await Promise.all([rooms.room(room), rooms.member(room, user)]);
  if (known === undefined) throw notOpen();
  if (former?.state !== 'member') {
    if (known.access === 'invite' && former?.state !== 'invited') throw notOpen();
    await rooms.enter(room, newcomer(call, 'member', await messages.lastId(room)));
  }
  return { room, name: known.name };
}

/** Tells an invited user in his channel; who is a member stays one, and nobody is told. */
export async function invite(call: Call, { room, user }: Input<'roomAndUser'>) {
  const { known, own } = await ownPlace(call, room);
  if (known.access === 'invite' && own.role !== 'owner') {
    throw roleRefused('owner, since the room is by invitation', own.role);
  }
  await call.rooms.invite(room, user, call.stamp);
  const invited = await call.rooms.member(room, user);
  // By the state, not by the change: a repeat tells whom the first run died before telling.
  if (invited?.state === 'invited') {
    const told = { type: 'invite', room, name: known.name, by: call.user };
    if (userChannel(user) !== undefined) await call.toUser(user, told);
  }
  return { room, user };
}

/** The last member leaves an empty room behind; an owner leaves it to whoever has been there longest. */
export async function leave(call: Call, { room }: Input<'room'>) {
  const own = await call.rooms.member(room, call.user);
  if (own === undefined || own.state === 'invited') throw notAMember();
  if (own.state === 'member') await handOver(call, room, own);
  await putOut(call, room, call.user);
  return { room };
}

/** The owner puts a member out. */
export async function removeMember(call: Call, { room, user }: Input<'roomAndUser'>) {
  const { own } = await ownPlace(call, room);
  if (own.role !== 'owner') throw roleRefused('owner', own.role);
  if (user === call.user) throw refusal('badRequest', 'data.user: expected another user, got yourself');
  const other = await call.rooms.member(room, user);
  if (other === undefined)
    throw refusal('badRequest', 'data.user: expected a member of the room, got another');
  await putOut(call, room, user);
  return { room, user };
}

/** Whether a user may be in the channels of a room. */
export async function admit({ rooms, user }: Pick<Call, 'rooms' | 'user'>, room: string): Promise<Member> {
  return checkMember(await rooms.member(room, user));
}

async function ownPlace({ rooms, user }: Call, room: string): Promise<{ known: Room; own: Member }> {
  const [known, own] = await Promise.all([rooms.room(room), rooms.member(room, user)]);
  return { known: checkRoom(known), own: checkMember(own) };
}

async function handOver({ rooms }: Call, room: string, own: Member): Promise<void> {
  if (own.role !== 'owner') return;
  const others = (await rooms.members(room)).filter(({ user }) => user !== own.user);
  if (others.some(({ role }) => role === 'owner')) return;
  const [heir] = [...others].sort((a, b) => a.joinedAt - b.joinedAt || (a.user < b.user ? -1 : 1));
  if (heir) await rooms.makeOwner(room, heir.user);
}

/** Ends subscriptions also where the state says that he has left: the run that wrote it may have died there. */
async function putOut({ rooms, stamp, unsubscribe }: Call, room: string, user: string): Promise<void> {
  await rooms.exit(room, user, stamp);
  const now = await rooms.member(room, user);
  if (now?.state !== 'left') return;
  await unsubscribe(user, chatChannel(room));
  await unsubscribe(user, typingChannel(room));
}
