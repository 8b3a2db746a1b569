/**
 * Names of question types and response codes: the IANA registry "Domain Name System Parameters".
 * Laid out once at start, 16 bytes each: the length, then the name.
 */
import { DNS_TABLE } from "../core/tables";

/** `number NAME`, in any order. One literal: a sum of strings allocates. */
const TYPES: string = `1 A 2 NS 3 MD 4 MF 5 CNAME 6 SOA 7 MB 8 MG 9 MR 10 NULL 11 WKS 12 PTR
13 HINFO 14 MINFO 15 MX 16 TXT 17 RP 18 AFSDB 19 X25 20 ISDN 21 RT 22 NSAP 23 NSAP-PTR 24 SIG
25 KEY 26 PX 27 GPOS 28 AAAA 29 LOC 30 NXT 31 EID 32 NIMLOC 33 SRV 34 ATMA 35 NAPTR 36 KX 37 CERT
38 A6 39 DNAME 40 SINK 41 OPT 42 APL 43 DS 44 SSHFP 45 IPSECKEY 46 RRSIG 47 NSEC 48 DNSKEY
49 DHCID 50 NSEC3 51 NSEC3PARAM 52 TLSA 53 SMIMEA 55 HIP 56 NINFO 57 RKEY 58 TALINK 59 CDS
60 CDNSKEY 61 OPENPGPKEY 62 CSYNC 63 ZONEMD 64 SVCB 65 HTTPS 66 DSYNC 67 HHIT 68 BRID 99 SPF
100 UINFO 101 UID 102 GID 103 UNSPEC 104 NID 105 L32 106 L64 107 LP 108 EUI48 109 EUI64 128 NXNAME
249 TKEY 250 TSIG 251 IXFR 252 AXFR 253 MAILB 254 MAILA 255 ANY 256 URI 257 CAA 258 AVC 259 DOA
260 AMTRELAY 261 RESINFO 262 WALLET 263 CLA 264 IPN 32768 TA 32769 DLV
`;

/** 16 is BADVERS where it can occur here, in the OPT record; 12 to 15 are free. */
const RCODES: string = `0 NOERROR 1 FORMERR 2 SERVFAIL 3 NXDOMAIN 4 NOTIMP 5 REFUSED 6 YXDOMAIN
7 YXRRSET 8 NXRRSET 9 NOTAUTH 10 NOTZONE 11 DSOTYPENI 16 BADVERS 17 BADKEY 18 BADTIME 19 BADMODE
20 BADNAME 21 BADALG 22 BADTRUNC 23 BADCOOKIE
`;

export const TYPE_SOA: u32 = 6;
export const TYPE_OPT: u32 = 41;
export const TYPE_AXFR: u32 = 252;

const STRIDE: usize = 16;
/** Types below it are their own slot; two lonely ones behind follow. */
const LOW_TYPES: u32 = 265;
const LONELY_TYPES: u32 = 32768;
const TYPE_SLOTS: u32 = LOW_TYPES + 2;
const RCODE_SLOTS: u32 = 24;
const TYPE_TABLE: usize = DNS_TABLE;
const RCODE_TABLE: usize = TYPE_TABLE + <usize>TYPE_SLOTS * STRIDE;

fill(TYPES, TYPE_TABLE);
fill(RCODES, RCODE_TABLE);

function fill(list: string, table: usize): void {
  let number: u32 = 0;
  let slot: usize = 0;
  let length: usize = 0;
  for (let at = 0; at < list.length; at++) {
    const char = <u8>list.charCodeAt(at);
    if (length == 0 && char >= 0x30 && char <= 0x39) {
      number = number * 10 + char - 0x30;
      slot = table + <usize>typeSlot(number) * STRIDE;
    } else if (char > 0x20) {
      length++;
      store<u8>(slot + length, char);
      store<u8>(slot, <u8>length);
    } else if (length > 0) {
      number = 0;
      length = 0;
    }
  }
}

/** Response codes are low numbers: the same slots. */
function typeSlot(type: u32): u32 {
  if (type < LOW_TYPES) return type;
  const lonely = type - LONELY_TYPES;
  return lonely < 2 ? LOW_TYPES + lonely : 0;
}

/** Whether IANA gave the type a name. */
export function isRegisteredType(type: u32): bool {
  return load<u8>(TYPE_TABLE + <usize>typeSlot(type) * STRIDE) != 0;
}

/** Writes the name of the type to `out`, 15 bytes at most; returns its length. */
export function writeType(type: u32, out: usize): u32 {
  const name = TYPE_TABLE + <usize>typeSlot(type) * STRIDE;
  if (load<u8>(name) != 0) return copyName(name, out);
  store<u32>(out, 0x45505954); // TYPE
  return 4 + writeNumber(type, out + 4);
}

/** Writes the name of the response code to `out`, 15 bytes at most; returns its length. */
export function writeRcode(rcode: u32, out: usize): u32 {
  const name = RCODE_TABLE + <usize>rcode * STRIDE;
  if (rcode < RCODE_SLOTS && load<u8>(name) != 0) return copyName(name, out);
  store<u32>(out, 0x444f4352); // RCOD
  store<u8>(out, 0x45, 4); // E
  return 5 + writeNumber(rcode, out + 5);
}

@inline
function copyName(name: usize, out: usize): u32 {
  const length = <u32>load<u8>(name);
  memory.copy(out, name + 1, length);
  return length;
}

function writeNumber(value: u32, out: usize): u32 {
  let digits: u32 = 1;
  for (let power = value; power >= 10; power /= 10) digits++;
  for (let place = digits; place > 0; value /= 10) {
    place--;
    store<u8>(out + place, <u8>(0x30 + value % 10));
  }
  return digits;
}
