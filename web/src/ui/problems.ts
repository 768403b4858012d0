import type { Conversation, Problem, StartChoice, View } from "../conversation/contract.ts";
import { Banner, type Action } from "./banner.ts";
import { words } from "./words.ts";

/** Shows what keeps the conversation from going on, with what a person can do about it. */
export class Problems {
  readonly banner = new Banner("alert");
  private dismissed: Problem | null = null;

  constructor(
    private readonly conversation: Conversation,
    private readonly choice: () => StartChoice,
    private readonly write: () => void,
  ) {}

  update(view: View): void {
    const { problem } = view;
    if (!problem || problem === this.dismissed) {
      this.banner.hide();
      return;
    }
    this.banner.show(problem.title, problem.remedy, this.actions(problem), () => {
      this.dismiss(problem);
    });
  }

  private actions(problem: Problem): Action[] {
    const again = (label: string): Action => ({
      label,
      run: () => {
        this.dismiss(problem);
        void this.conversation.start(this.choice());
      },
    });
    switch (problem.code) {
      case "microphone_denied":
      case "microphone_absent":
      case "microphone_failed":
        return [
          {
            label: words.problem.again,
            run: () => {
              this.dismiss(problem);
              void this.conversation.setMicrophone(this.choice().microphone ?? "");
            },
          },
          {
            label: words.problem.byTyping,
            run: () => {
              this.dismiss(problem);
              void this.conversation.setMicrophone(null);
              this.write();
            },
          },
        ];
      case "server_full":
      case "network":
        return [again(words.problem.again)];
      case "refused":
      case "ended":
        return [again(words.problem.startAgain)];
      case "audio":
        return [];
    }
  }

  private dismiss(problem: Problem): void {
    this.dismissed = problem;
    this.banner.hide();
  }
}
