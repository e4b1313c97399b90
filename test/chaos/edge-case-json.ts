import type { Random } from "../support/random.ts";

/** JSON texts that are easily lost, rounded, rejected or altered. */
const texts = [
  "12345678901234567890",
  "-9223372036854775808",
  "1e400",
  "-0",
  "0.1000",
  "123456789.123456789123456789",
  '""',
  '"\\u0000"',
  '"\\ud800 alone"',
  '"\\ud83d\\ude00"',
  '"\\\\u0000 is no escape"',
  '"tab\\tnewline\\nreturn\\rbackslash\\\\ \\\\N \\\\."',
  '"NULL"',
  '"null"',
  '"é\u2028😀"',
  '{"":{"a b":[],"\\"":null,"\\u0000":0}}',
  '[[[[[[[[[["deep"]]]]]]]]]]',
  '{"a":1,"a":2}',
  "true",
  "[1,2.50,null]",
  '{"_synced_at":"theirs","_deleted":true,"raw":"theirs"}',
] as const;

/** A random one of these JSON texts, or a long one. */
export function edgeCaseJson(random: Random): string {
  if (random.oneIn(12)) return JSON.stringify("long ".repeat(random.between(100, 4000)));
  return random.pick(texts);
}
