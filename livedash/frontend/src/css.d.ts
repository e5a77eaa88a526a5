// esbuild's text loader: importing a style sheet gives its text.
declare module "*.css" {
  const text: string;
  export default text;
}
