/**
 * `npm run test:webgpu`: ONNX Runtime's WebGPU, on Chromium's SwiftShader where no other driver is named:
 * `VK_ICD_FILENAMES=FILE npm run test:webgpu`.
 */
import { defineConfig } from 'vitest/config';

const results: ['json', { outputFile: string }] = ['json', { outputFile: '.cache/webgpu.json' }];

process.env.VK_ICD_FILENAMES ||= '/usr/lib/chromium/vk_swiftshader_icd.json';

export default defineConfig({
  test: {
    include: ['test/webgpu/**/*.webgpu.ts'],
    setupFiles: ['test/setup.ts'],
    globalSetup: ['test/webgpu/driver.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    pool: 'forks',
    maxWorkers: 1,
    reporters: process.env.CI ? ['default', results] : ['default'],
  },
});
