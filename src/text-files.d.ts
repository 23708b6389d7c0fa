/** Shell scripts, which the compiler puts into the program as text (`with { type: "text" }`). */
declare module "*.sh" {
  const text: string;
  export = text;
}
declare module "*.bash" {
  const text: string;
  export = text;
}
declare module "*.zsh" {
  const text: string;
  export = text;
}
declare module "*.fish" {
  const text: string;
  export = text;
}
