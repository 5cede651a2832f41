"""Pages of `messaging`, below /admin/."""

from django.urls import path

from messaging import views_profile
from messaging.compliance import urls as compliance
from messaging.leadpage import urls as leadpage
from messaging.review import urls as review
from messaging.sequencepages import urls as sequencepages
from messaging.views import (
    actions,
    attachments,
    evaluations,
    inbox,
    knowledge,
    later,
    mail,
    new,
    panel,
    proof,
    simulator,
    templates,
    whys,
)

TALK = "inbox/<uuid:conversation>/"
ONE = TALK + "messages/<uuid:message>/"

ARTICLE = "knowledge/<uuid:article>/"
CASE = "evaluations/cases/<uuid:case>/"
EVALUATED = "evaluations/runs/<uuid:run>/"
PLAYED = "simulator/<uuid:conversation>/"

urlpatterns = [
    path("simulator/", simulator.simulator, name="simulator"),
    path("simulator/send/", simulator.send, name="simulator_send"),
    path("simulator/busy/", simulator.busy, name="simulator_busy"),
    path("simulator/update/", simulator.update_new, name="simulator_update_new"),
    path(PLAYED, simulator.simulator, name="simulator_talk"),
    path(PLAYED + "update/", simulator.update, name="simulator_update"),
    path(PLAYED + "now/", simulator.answer_now, name="simulator_now"),
    path(PLAYED + "ai/", simulator.ai, name="simulator_ai"),
    path(PLAYED + "clock/", simulator.their_clock, name="simulator_clock"),
    *compliance.urlpatterns,
    *leadpage.urlpatterns,
    *review.urlpatterns,
    *sequencepages.urlpatterns,
    path("knowledge/try/", knowledge.try_question, name="knowledge_try"),
    path("knowledge/import/", knowledge.bring, name="knowledge_import"),
    path(
        "knowledge/import/<uuid:public_id>/",
        knowledge.brought,
        name="knowledge_brought",
    ),
    path(ARTICLE + "versions/", knowledge.versions, name="article_versions"),
    path(ARTICLE + "<slug:do>/", knowledge.act, name="article_act"),
    path("profile/", views_profile.edit_profile, name="profile"),
    path("proof/", proof.proof, name="proof"),
    path("proof/drafts/", proof.drafts, name="proof_drafts"),
    path("proof/talks/", proof.talks, name="proof_talks"),
    path("evaluations/", evaluations.evaluations, name="evaluations"),
    path("evaluations/start/", evaluations.start, name="evaluation_start"),
    path("evaluations/back/", evaluations.roll_back, name="evaluation_back"),
    path(CASE, evaluations.case, name="evaluation_case"),
    path(CASE + "replay/", evaluations.replay, name="evaluation_replay"),
    path(CASE + "expect/", evaluations.expect, name="evaluation_expect"),
    path(CASE + "switch/", evaluations.switch, name="evaluation_switch"),
    path(EVALUATED, evaluations.run, name="evaluation_run"),
    path(EVALUATED + "publish/", evaluations.publish, name="evaluation_publish"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/rows/", inbox.rows, name="inbox_rows"),
    path("inbox/new/lead/", new.new_lead, name="inbox_new_lead"),
    path("inbox/new/message/", new.new_message, name="inbox_new_message"),
    path("inbox/files/<uuid:public_id>/", attachments.attachment, name="inbox_file"),
    path("inbox/pictures/<str:signed>/", attachments.picture, name="inbox_picture"),
    path(TALK, inbox.inbox, name="inbox_thread"),
    path(TALK + "update/", inbox.update, name="inbox_update"),
    path(TALK + "earlier/", inbox.earlier, name="inbox_earlier"),
    path(TALK + "panel/", panel.panel, name="inbox_panel"),
    path(TALK + "send/", actions.send, name="inbox_send"),
    path(TALK + "later/", later.send_later, name="inbox_send_later"),
    path(TALK + "preview/", later.preview, name="inbox_preview"),
    path(TALK + "snooze/", later.snooze, name="inbox_snooze"),
    path(TALK + "wake/", later.unsnooze, name="inbox_unsnooze"),
    path(TALK + "answers/", templates.answers, name="inbox_answers"),
    path(TALK + "answers/<int:template>/", templates.use, name="inbox_answer_use"),
    path(TALK + "take-over/", actions.take_over, name="inbox_take_over"),
    path(TALK + "hand-back/", actions.hand_back, name="inbox_hand_back"),
    path(TALK + "answer-now/", actions.answer_at_once, name="inbox_answer_now"),
    path(TALK + "mode/", actions.set_mode, name="inbox_mode"),
    path(TALK + "read/", actions.mark_read, name="inbox_read"),
    path(TALK + "done/", actions.mark_done, name="inbox_done"),
    path(TALK + "call/", actions.log_call, name="inbox_call"),
    path(TALK + "stop/", actions.settle_stop, name="inbox_stop"),
    path(ONE + "stop/undo/", actions.unsettle_stop, name="inbox_message_unstop"),
    path(TALK + "lead/", actions.choose_lead, name="inbox_choose_lead"),
    path(ONE + "why/", whys.why, name="inbox_why"),
    path(TALK + "<uuid:message>/prompt/", whys.prompt, name="prompt_read"),
    path(ONE + "flag/", whys.flag, name="inbox_message_flag"),
    path(ONE + "original/", mail.original, name="inbox_mail"),
    path(ONE + "mail/", mail.frame, name="inbox_mail_frame"),
    path(ONE + "time/", later.change_time, name="inbox_message_time"),
    path(ONE + "now/", later.send_now, name="inbox_message_now"),
    path(ONE + "cancel/", actions.cancel, name="inbox_message_cancel"),
    path(ONE + "confirm/", actions.confirm, name="inbox_message_confirm"),
    path(ONE + "resend/", actions.send_again, name="inbox_message_resend"),
    path(ONE + "unsettle/", actions.unsettle, name="inbox_message_unsettle"),
    path(ONE + "approve/", actions.approve, name="inbox_draft_approve"),
    path(ONE + "discard/", actions.discard, name="inbox_draft_discard"),
    path(ONE + "restore/", actions.restore, name="inbox_draft_restore"),
    path(ONE + "again/", actions.again, name="inbox_draft_again"),
    path(ONE + "ask-manager/", actions.ask_manager, name="inbox_draft_ask"),
    path(ONE + "remove/", actions.remove, name="inbox_draft_remove"),
    path(ONE + "put-back/", actions.put_back, name="inbox_draft_back"),
    path(TALK + "facts/<slug:field>/", panel.set_fact, name="inbox_fact_set"),
    path(
        TALK + "facts/<uuid:fact>/strike/", panel.strike_fact, name="inbox_fact_strike"
    ),
    path(
        TALK + "facts/<uuid:fact>/restore/",
        panel.restore_fact,
        name="inbox_fact_restore",
    ),
    path(
        TALK + "score/<uuid:line>/strike/", panel.strike_line, name="inbox_line_strike"
    ),
    path(
        TALK + "score/<uuid:line>/restore/",
        panel.restore_line,
        name="inbox_line_restore",
    ),
]
