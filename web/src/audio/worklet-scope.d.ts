/** The part of an audio worklet's global scope that this page uses; TypeScript's own libraries lack it. */

declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
  abstract process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}

declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

declare const sampleRate: number; // Hz
declare const currentFrame: number; // samples since the context began
