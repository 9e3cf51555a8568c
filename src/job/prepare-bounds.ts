import { plannedSize } from '../kubernetes/planned-space';
import { bytesOf } from '../kubernetes/quantity';
import type { FetchBounds, Room } from './request';

/** Bytes a second at which what is fetched arrives at the least, over all its tries: 8 Mbit/s. */
const LEAST_SPEED = 1e6;

/** For a node that is waited for, the image that is pulled, and waiting between tries. */
const SPARE_SECONDS = 3600;

/** For what pip installs. */
const PACKAGES_SECONDS = 3600;

/** The least for one thing that is fetched, however small it is. */
const LEAST_SECONDS = 900;

/** A repository has more than the weights, some of them twice in other forms. */
const BESIDE_WEIGHTS = 1.5;

/** What is reckoned for an adapter: LoRA of high rank on a large model. */
const ADAPTER_BYTES = 4 * 2 ** 30;

/** What is reckoned for data on a volume of which nothing is known. */
const UNKNOWN_BYTES = 64 * 2 ** 30;

/** What a prepare Job is to fetch, by what is known of it. */
export interface ToFetch {
  /** The model: where it goes, and its weights by the plan, 0 if not known. */
  readonly model?: { readonly room?: Room; readonly bytes: number };
  /** The adapter to go on from: where it goes. */
  readonly adapter?: { readonly room?: Room };
  /** Data sets: where each goes, and what stands there beside it. Their own size isn't known. */
  readonly data: ReadonlyArray<{ readonly room?: Room; readonly beside: number }>;
  readonly packages: boolean;
  /** The deadline that was given. */
  readonly deadlineSeconds?: number;
}

/** How much a prepare Job may fetch, and for how long. */
export interface PrepareBounds {
  readonly model?: FetchBounds;
  readonly adapter?: FetchBounds;
  /** In the order asked for. */
  readonly data: readonly FetchBounds[];
  readonly deadlineSeconds: number;
}

/**
 * The bounds of a prepare Job. Nothing may be larger than its volume is made for; and the Job may take as long as what
 * it fetches takes at the least speed. Each part has its own time, which ends before the Job's: then prepare.py says so
 * to who waits. A deadline that was given is divided in the same proportions.
 */
export function fetchBounds({ model, adapter, data, packages, deadlineSeconds }: ToFetch): PrepareBounds {
  const modelRoom = model === undefined ? undefined : roomOf(model.room, model.bytes);
  const dataRooms = data.map(({ room, beside }) => roomOf(room, beside));
  const modelSeconds = model === undefined ? 0 : secondsFor(model.bytes > 0 ? BESIDE_WEIGHTS * model.bytes : modelRoom);
  const adapterSeconds = adapter === undefined ? 0 : secondsFor(ADAPTER_BYTES);
  const dataSeconds = dataRooms.map(secondsFor);
  const fetching = dataSeconds.reduce((sum, seconds) => sum + seconds, modelSeconds + adapterSeconds);
  const needed = SPARE_SECONDS + (packages ? PACKAGES_SECONDS : 0) + fetching;
  const share = deadlineSeconds === undefined ? 1 : deadlineSeconds / needed;
  const bounds = (maxBytes: number | undefined, seconds: number): FetchBounds => ({
    ...(maxBytes === undefined ? {} : { maxBytes }),
    maxSeconds: Math.max(1, Math.floor(share * seconds)),
  });
  return {
    ...(model === undefined ? {} : { model: bounds(modelRoom, modelSeconds) }),
    ...(adapter === undefined ? {} : { adapter: bounds(roomOf(adapter.room, ADAPTER_BYTES), adapterSeconds) }),
    data: dataRooms.map((room, i) => bounds(room, dataSeconds[i] ?? 0)),
    deadlineSeconds: deadlineSeconds ?? needed,
  };
}

/** The bytes that a volume is made for at the least. */
function roomOf(room: Room | undefined, planned: number): number | undefined {
  if (room === undefined) return undefined;
  return room.bytes ?? bytesOf(plannedSize(new Map([['', planned]]), room.smallest));
}

function secondsFor(bytes: number = UNKNOWN_BYTES): number {
  return Math.max(LEAST_SECONDS, Math.ceil(bytes / LEAST_SPEED));
}
