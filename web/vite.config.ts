import process from "node:process";
import { defineConfig } from "vitest/config";

// Where `npm run dev` and `npm run preview` find a gateway: `visavis serve`.
const gateway = process.env["VISAVIS_GATEWAY"] ?? "http://127.0.0.1:8000";
const proxy = {
  "/v1": { target: gateway, ws: true, changeOrigin: true },
  "/heads": { target: gateway, changeOrigin: true },
};

export default defineConfig({
  build: {
    target: "es2022",
    // Worklets and pictures stay files: the page runs under a policy that allows no data: scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
  },
  worker: { format: "es" },
  server: { proxy },
  preview: { proxy },
  test: {
    include: ["tests/**/*.test.ts"],
    environment: "node",
    testTimeout: 60_000, // of machines that are busy with other things,
  },
});
