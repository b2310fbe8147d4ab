// Inflates what Python's zlib deflated (RFC 1950 and 1951). Browsers have DecompressionStream, but since 2023 only, and
// they do not wait for it before they print.
const inflated = (() => {
  const [BITS, MASK] = [15, 32767];  // no code is longer
  const LENGTHS = [], DISTANCES = [];  // of each symbol: the smallest value, and how many bits are added to it
  for (let symbol = 0, smallest = 3; symbol < 28; symbol++) {
    const extra = Math.max(0, (symbol >> 2) - 1);
    LENGTHS.push([smallest, extra]);
    smallest += 1 << extra;
  }
  LENGTHS.push([258, 0]);
  for (let symbol = 0, smallest = 1; symbol < 30; symbol++) {
    const extra = Math.max(0, (symbol >> 1) - 1);
    DISTANCES.push([smallest, extra]);
    smallest += 1 << extra;
  }
  const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
  const FIXED = Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8));

  // From the next 15 bits to the symbol that they begin with and the length of its code: symbol << 4 | length.
  const table = (lengths) => {
    const next = new Uint16Array(BITS + 2);
    for (const length of lengths) if (length) next[length + 1]++;
    for (let length = 1, code = 0; length <= BITS; length++) {
      code = (code + next[length]) << 1;
      next[length] = code;
    }
    const found = new Uint16Array(MASK + 1);
    lengths.forEach((length, symbol) => {
      if (!length) return;
      let reversed = 0;
      for (let code = next[length]++, bit = 0; bit < length; bit++, code >>= 1) reversed = (reversed << 1) | (code & 1);
      for (let at = reversed; at <= MASK; at += 1 << length) found[at] = (symbol << 4) | length;
    });
    return found;
  };

  return (bytes, size) => {
    const out = new Uint8Array(size);
    let position = 16;  // in bits, behind the two bytes of zlib's header
    let end = 0;
    const peek = () => {
      const at = position >> 3;
      return ((bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16)) >>> (position & 7)) & MASK;
    };
    const take = (count) => {
      const value = peek() & ((1 << count) - 1);
      position += count;
      return value;
    };
    const symbol = (codes) => {
      const found = codes[peek()];
      position += found & 15;
      return found >> 4;
    };
    const stored = () => {
      let at = (position + 7) >> 3;
      const length = bytes[at] | (bytes[at + 1] << 8);
      at += 4;
      out.set(bytes.subarray(at, at + length), end);
      end += length;
      position = (at + length) * 8;
    };
    const dynamic = () => {
      const [literals, distances, count] = [take(5) + 257, take(5) + 1, take(4) + 4];
      const short = new Array(19).fill(0);
      for (let i = 0; i < count; i++) short[ORDER[i]] = take(3);
      const codes = table(short);
      const lengths = [];
      while (lengths.length < literals + distances) {
        const code = symbol(codes);
        if (code < 16) lengths.push(code);
        else {
          const value = code === 16 ? lengths[lengths.length - 1] : 0;
          const times = code === 16 ? 3 + take(2) : code === 17 ? 3 + take(3) : 11 + take(7);
          for (let i = 0; i < times; i++) lengths.push(value);
        }
      }
      return [table(lengths.slice(0, literals)), table(lengths.slice(literals))];
    };
    const block = ([literals, distances]) => {
      for (;;) {
        const code = symbol(literals);
        if (code < 256) out[end++] = code;
        else if (code === 256) return;
        else {
          const length = LENGTHS[code - 257][0] + take(LENGTHS[code - 257][1]);
          const [smallest, extra] = DISTANCES[symbol(distances)];
          const from = end - smallest - take(extra);
          for (let i = 0; i < length; i++) out[end++] = out[from + i];
        }
      }
    };
    for (let last = 0; !last;) {
      last = take(1);
      const kind = take(2);
      if (kind === 0) stored();
      else block(kind === 1 ? [table(FIXED), table(new Array(30).fill(5))] : dynamic());
    }
    return out;
  };
})();
