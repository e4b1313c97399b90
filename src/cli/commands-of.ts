import { quickStartOf, settingFlagsOf } from "./invocation/setting-flags.ts";
import { sourceCommands, type Command } from "./source-commands.ts";

/** The commands of a bundled source. */
export function commandsOf(source: string): readonly Command[] {
  return sourceCommands
    .filter(({ sources }) => sources?.includes(source) ?? true)
    .map((command) => (asksTheService(command) ? withSettings(command, source) : command));
}

/** Whether the command reads from the service, so that what to read may be typed. */
function asksTheService({ usage, flags }: Command): boolean {
  const name = [usage].flat()[0] ?? "";
  return flags.some((flag) => flag === "concurrency") || name === "check";
}

/** The command with the flags of the source's settings, and for W&B with projects as arguments. */
function withSettings(command: Command, source: string): Command {
  const [first = "", ...others] = [command.usage].flat();
  const usage = source === "wandb" ? [`${first} [projects..]`, ...others] : command.usage;
  const quickStart = quickStartOf(source);
  const isDefault = others.includes("$0");
  return {
    ...command,
    usage,
    flags: [...command.flags, ...settingFlagsOf(source)],
    examples:
      isDefault && quickStart !== undefined
        ? [
            [`$0 ${quickStart} --destination runs.db`, "without a configuration file"],
            ...command.examples,
          ]
        : command.examples,
  };
}
