/** Says what is missing before tests fail for want of it. */
import { existsSync } from 'node:fs';

export default function checkDriver(): void {
  const file = process.env.VK_ICD_FILENAMES!;
  if (process.platform !== 'linux' || existsSync(file)) return;
  throw new Error(
    `test:webgpu: expected the description of a Vulkan driver, got no ${file}. ` +
      'Install SwiftShader (Debian: apt-get install chromium libvulkan1), or set VK_ICD_FILENAMES.',
  );
}
