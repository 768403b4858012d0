import { TextureLoader } from "three";
import { GLTFLoader } from "three/examples/jsm/loaders/GLTFLoader.js";

/** A loader whose pictures come through image elements: the page's policy lets nothing else read them. */
export function loader(): GLTFLoader {
  const one = new GLTFLoader();
  one.register((parser) => {
    parser.textureLoader = new TextureLoader(parser.options.manager);
    return { name: "visavis_pictures" };
  });
  return one;
}
