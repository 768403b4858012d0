import {
  DoubleSide,
  Matrix4,
  ShaderMaterial,
  SkinnedMesh,
  type Material,
  type Mesh,
  type MeshStandardMaterial,
} from "three";
import { LIGHTS, SKY, type Surface } from "./lights.ts";

/**
 * A material that is lit at the vertices, tone mapping included: where the processor draws, a pixel must cost next to
 * nothing. Heads are dense enough that it hardly shows.
 */
export function vertexLit(mesh: Mesh, like: MeshStandardMaterial, surface: Surface): Material {
  const bends = mesh.morphTargetInfluences !== undefined; // on the card
  const neck =
    mesh instanceof SkinnedMesh && mesh.skeleton.bones.length === 2 && !bends ? mesh.skeleton : null;
  const bones = neck ? [new Matrix4(), new Matrix4()] : [];
  const material = new ShaderMaterial({
    name: like.name,
    vertexShader: VERTEX,
    fragmentShader: FRAGMENT,
    vertexColors: mesh.geometry.hasAttribute("color"),
    side: like.side,
    transparent: like.transparent,
    depthWrite: like.depthWrite,
    alphaTest: like.alphaTest,
    toneMapped: false,
    uniforms: {
      base: { value: [like.color.r, like.color.g, like.color.b, like.opacity] },
      picture: { value: like.map },
      wrap: { value: surface.wrap },
      spread: { value: surface.wrap.map((wrap) => (1 + wrap) ** -2) },
      gloss: { value: [surface.specular, surface.shininess] },
      bones: { value: bones },
    },
    defines: {
      ...(neck ? { NECK: "" } : {}),
      ...(surface.glint === undefined ? {} : { GLINT: surface.glint.toFixed(2) }),
      ...(like.transparent ? { THIN: "" } : {}),
      ...(like.map ? { PICTURE: "" } : {}),
      ...(like.side === DoubleSide ? { BOTH_SIDES: "" } : {}),
      ...(mesh.geometry.hasAttribute("openness") ? { OPENNESS: "" } : {}),
    },
  });
  if (neck) {
    mesh.onBeforeRender = () => {
      // Two bones: cheaper as uniforms than read from a texture by every vertex.
      bones.forEach((into, i) => {
        const bone = neck.bones[i];
        const inverse = neck.boneInverses[i];
        if (bone && inverse) into.multiplyMatrices(bone.matrixWorld, inverse);
      });
      material.uniformsNeedUpdate = true;
    };
  }
  return material;
}

const vec3 = (values: readonly number[]): string =>
  `vec3(${values.map((value) => value.toFixed(4)).join(", ")})`;

const VERTEX = /* glsl */ `
#include <common>
#include <morphtarget_pars_vertex>
#include <skinning_pars_vertex>
uniform vec4 base;
uniform vec3 wrap;
uniform vec3 spread; // keeps what wraps from adding light
uniform vec2 gloss;
varying vec4 vColour;
#ifdef PICTURE
  varying vec2 vPlace;
#endif
#ifdef GLINT
  varying vec3 vNormal;
#endif
#ifdef NECK
  uniform mat4 bones[2];
#endif
#ifdef OPENNESS
  attribute vec2 openness; // share of the sky, of the key light, that reaches this vertex
#endif
vec3 matt(const vec3 N, const vec3 V, const vec3 direction, const vec3 colour, const vec3 albedo) {
  return colour * albedo * clamp((dot(N, direction) + wrap) * spread, 0.0, 1.0);
}
vec3 mirrored(const vec3 N, const vec3 V, const vec3 direction, const vec3 colour, const vec3 albedo) {
  float near = max(dot(N, normalize(direction + V)), 0.0);
  return matt(N, V, direction, colour, albedo) + colour * gloss.x * pow(near, gloss.y);
}
vec3 film(vec3 colour) { // Narkowicz's fit of ACES, then sRGB
  colour = clamp(colour * (2.51 * colour + 0.03) / (colour * (2.43 * colour + 0.59) + 0.14), 0.0, 1.0);
  return mix(1.055 * pow(colour, vec3(1.0 / 2.4)) - 0.055, 12.92 * colour, vec3(lessThan(colour, vec3(0.0031308))));
}
void main() {
  #ifdef NECK
    float share = skinWeight.y;
    vec4 world = mix(bones[0] * vec4(position, 1.0), bones[1] * vec4(position, 1.0), share);
    vec3 N = mix(mat3(bones[0]) * normal, mat3(bones[1]) * normal, share);
  #else
    #include <beginnormal_vertex>
    #include <morphnormal_vertex>
    #include <skinbase_vertex>
    #include <skinnormal_vertex>
    #include <begin_vertex>
    #include <morphtarget_vertex>
    #include <skinning_vertex>
    vec4 world = modelMatrix * vec4(transformed, 1.0);
    vec3 N = mat3(modelMatrix) * objectNormal;
  #endif
  N = normalize(N);
  vec3 V = normalize(cameraPosition - world.xyz);
  #ifdef BOTH_SIDES
    N = dot(N, V) < 0.0 ? -N : N;
  #endif
  vec4 albedo = base;
  #ifdef USE_COLOR_ALPHA
    albedo *= color;
  #elif defined(USE_COLOR)
    albedo.rgb *= color;
  #endif
  #ifdef OPENNESS
    vec2 reached = openness;
  #else
    vec2 reached = vec2(1.0);
  #endif
  vec3 light = albedo.rgb * reached.x * mix(${vec3(SKY.below)}, ${vec3(SKY.above)}, 0.5 + 0.5 * N.y);
  float around = mix(reached.x, 1.0, 0.3);
  ${LIGHTS.map(
    ({ direction, colour, key }) =>
      `light += ${key ? "reached.y" : "around"} * ${key ? "mirrored" : "matt"}(N, V, ${vec3(direction)}, ${vec3(colour)}, albedo.rgb);`,
  ).join("\n  ")}
  #ifdef PICTURE
    vPlace = uv;
    vColour = vec4(light, albedo.a); // the picture is multiplied in before the film
  #else
    vColour = vec4(film(light), albedo.a);
  #endif
  #if defined(THIN) && !defined(PICTURE)
    vColour.a *= vColour.a; // single lashes, not a stroke of kohl
  #endif
  #ifdef GLINT
    vNormal = N;
  #endif
  gl_Position = projectionMatrix * viewMatrix * world;
}`;

const FRAGMENT = /* glsl */ `
// Where on the cornea the windows show: below the upper lid, beside the pupil.
#define KEY_HALF normalize(vec3(-0.19, 0.12, 0.98))
#define FILL_HALF normalize(vec3(0.22, -0.04, 0.97))

varying vec4 vColour;
#ifdef PICTURE
  uniform sampler2D picture;
  varying vec2 vPlace;
#endif
#ifdef GLINT
  varying vec3 vNormal;
#endif
void main() {
  gl_FragColor = vColour;
  #ifdef GLINT
    // A window in the cornea: too small for the vertices, and few pixels.
    vec3 N = normalize(vNormal);
    gl_FragColor.rgb += float(GLINT) * (smoothstep(0.991, 0.996, dot(N, KEY_HALF)) + 0.3 * smoothstep(0.985, 0.996, dot(N, FILL_HALF)));
  #endif
  #ifdef PICTURE
    gl_FragColor *= texture2D(picture, vPlace);
    vec3 c = gl_FragColor.rgb;
    gl_FragColor.rgb = sqrt(clamp(c * (2.51 * c + 0.03) / (c * (2.43 * c + 0.59) + 0.14), 0.0, 1.0));
    if (gl_FragColor.a < 0.05) discard;
  #endif
}`;
