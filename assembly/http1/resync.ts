/**
 * After a hole, or in the middle of a connection: the next start line is looked for, everything
 * before it dies.
 *
 * A response is `HTTP/1.x NNN` and what may follow it, anywhere. A request is a registered method
 * that no letter or hyphen precedes; it is believed when its line ends with the version, and until
 * then it is tried (FLAG_TENTATIVE). Some scalar operations a byte.
 */
import { SLOT_WORD } from "../abi";
import { START_WORD_BYTES_MAX } from "../limits";
import { number, setNumber } from "./direction";
import { beginsStartWord, isStartWord } from "./names";
import {
  AFTER_STATUS_CODE,
  CR,
  FLAG_CONNECT,
  FLAG_TENTATIVE,
  LF,
  SP,
  TARGET,
  count,
  counted,
  enter,
  erase,
  forgetWord,
  set,
  setUndecidedFrom,
  undecidedFrom,
} from "./states";

/** A run of letters that is no method. */
const NO_METHOD: u32 = START_WORD_BYTES_MAX + 1;
const METHOD_BYTES_MIN: u32 = 3;

/** Returns behind the method of a request that is tried, or `end`. */
export function seekRequest(slot: usize, p: usize, end: usize): usize {
  const word = slot + SLOT_WORD;
  let run = counted(slot);
  for (; p < end; p++) {
    const byte = load<u8>(p);
    if ((byte >= 0x41 && byte <= 0x5a) || byte == 0x2d) {
      if (run == 0) beginCandidate(slot, p);
      if (run < START_WORD_BYTES_MAX) store<u8>(word + run, byte);
      run = min(run + 1, NO_METHOD);
      continue;
    }
    if (byte == SP && run >= METHOD_BYTES_MIN && isStartWord(word, run)) {
      set(slot, FLAG_TENTATIVE, true);
      // No other method has seven letters and an N third.
      set(slot, FLAG_CONNECT, run == 7 && load<u8>(word + 2) == 0x4e);
      return enter(slot, TARGET, p + 1);
    }
    if (run != 0) forgetWord(slot);
    run = 0;
  }
  if (run != 0 && !beginsStartWord(word, run)) {
    forgetWord(slot);
    run = NO_METHOD;
  }
  count(slot, run);
  return end;
}

/** What was passed over dies; from `p` on it may be a start line. */
@inline
function beginCandidate(slot: usize, p: usize): void {
  erase(slot, undecidedFrom(slot), p);
  setUndecidedFrom(slot, p);
}

/** "HTTP/1.x NNN" and a byte behind it, by index. */
const STATUS_AT: u32 = 9;
export const PREFIX_SIZE: u32 = 12;

/** Returns behind the status code of a response, its bytes at `undecidedFrom`, or `end`. */
export function seekResponse(slot: usize, p: usize, end: usize): usize {
  let matched = counted(slot);
  for (; p < end; p++) {
    const byte = load<u8>(p);
    if (matched == PREFIX_SIZE && (byte == SP || byte == CR || byte == LF)) {
      return enter(slot, AFTER_STATUS_CODE, p);
    }
    if (matched < PREFIX_SIZE && isPrefixByte(matched, byte)) {
      if (matched == 0) beginCandidate(slot, p);
      if (matched >= STATUS_AT) {
        const before: u64 = matched == STATUS_AT ? 0 : number(slot);
        setNumber(slot, before * 10 + (byte - 0x30));
      }
      matched++;
    } else {
      // Only the first byte of the prefix is an H.
      matched = 0;
      if (isPrefixByte(0, byte)) {
        beginCandidate(slot, p);
        matched = 1;
      }
    }
  }
  count(slot, matched);
  return end;
}

function isPrefixByte(index: u32, byte: u8): bool {
  // "HTTP/1." as a little-endian number.
  if (index < 7) return byte == <u8>(0x2e312f50545448 >> (<u64>index << 3));
  if (index == 7) return byte == 0x30 || byte == 0x31;
  return index == 8 ? byte == SP : byte >= 0x30 && byte <= 0x39;
}
