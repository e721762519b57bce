/** Zip files for tests, also such as nobody should write. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipEntry {
  readonly name: string;
  readonly data?: string | Uint8Array;
  /** A symbolic link to `data`. @default false */
  readonly link?: boolean;
  /** Not compressed. @default false */
  readonly stored?: boolean;
  /** Sizes and offset in zip64's extra field, as files above 4 GiB have them. @default false */
  readonly zip64?: boolean;
}

/** A zip file (APPNOTE 6.3, no zip64) of some entries. */
export function zip(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data = '', link = false, stored = false, zip64 = false } of entries) {
    const plain = Buffer.from(data as string);
    const packed = stored ? plain : deflateRawSync(plain);
    const title = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0); // version needed
    common.writeUInt16LE(stored ? 0 : 8, 4); // deflated
    common.writeUInt32LE(crc32(plain), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(plain.length, 18);
    common.writeUInt16LE(title.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, title, packed]);
    const made = Buffer.alloc(2);
    made.writeUInt16LE(0x0314); // made on Unix: the attributes are a mode
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(((link ? 0o120777 : 0o100644) << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    const extra = Buffer.alloc(zip64 ? 28 : 0);
    if (zip64) {
      extra.writeUInt16LE(1, 0);
      extra.writeUInt16LE(24, 2);
      const sizes = [plain.length, packed.length, offset];
      for (const [i, size] of sizes.entries()) extra.writeBigUInt64LE(BigInt(size), 4 + 8 * i);
      common.fill(0xff, 14, 22);
      common.writeUInt16LE(extra.length, 24);
      tail.fill(0xff, 10);
    }
    const head = [Buffer.from('PK\x01\x02'), made, common, tail, title, extra];
    directory.push(Buffer.concat(head));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}
